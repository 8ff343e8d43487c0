import type { Tone } from "../result/outcome.ts";

export interface Example {
  readonly title: string;
  readonly shows: string;
  readonly prompt: string;
  readonly n?: number;
  /** Of its dot. */
  readonly tone: Tone;
}

export const SCENES: readonly Example[] = [
  {
    title: "Fox at dusk",
    shows: "A prompt and a picture that pass.",
    prompt: "A red fox in a snowy forest at dusk, watercolour",
    tone: "allow",
  },
  {
    title: "Four harbours",
    shows: "Several pictures, each judged by itself.",
    prompt: "Three sailing boats in a quiet harbour at sunset",
    n: 4,
    tone: "allow",
  },
];

/**
 * Each sets off one consequence with a test signal: harmless text that the checks are made to answer to
 * (src/contract/test-signals.ts). Their scores fit the thresholds of policies/default.yaml.
 */
export const CONSEQUENCES: readonly Example[] = [
  {
    title: "Prompt warned",
    shows: "The prompt goes through, with a warning.",
    prompt: "A glass of red wine on a terrace safelight-test:prompt:alcohol:0.7",
    tone: "warn",
  },
  {
    title: "Picture blurred",
    shows: "The picture is blurred on the server; the original is not sent.",
    prompt: "People on a sunny beach safelight-test:image:suggestive:0.8",
    tone: "blur",
  },
  {
    title: "Second try good",
    shows: "The first picture is unsafe, so it is made again with a new seed, and the second is good.",
    prompt: "Dancers on a stage safelight-test:image:sexual:0.95:attempts=1",
    tone: "allow",
  },
  {
    title: "Picture held",
    shows: "Nobody sees the picture until a reviewer has decided.",
    prompt: "A crowd in the street safelight-test:image:violence:0.8",
    tone: "review",
  },
  {
    title: "Prompt held",
    shows: "Nothing is generated until a reviewer has decided.",
    prompt: "A portrait of a famous politician safelight-test:prompt:misinformation:0.9",
    tone: "review",
  },
  {
    title: "Prompt refused",
    shows: "The prompt is blocked and the words that did it are marked. Nothing is generated.",
    prompt: "A battlefield after the storm safelight-test:prompt:gore:0.98, oil painting",
    tone: "block",
  },
  {
    title: "Picture blocked",
    shows: "The prompt is fine but every try gives an unsafe picture, so none is shown.",
    prompt: "A quiet room safelight-test:image:gore:0.97",
    tone: "block",
  },
  {
    title: "Mixed set",
    shows: "One of four pictures is blocked; the good three are answered.",
    prompt: "Hot air balloons over green hills safelight-test:image:gore:0.97:index=2",
    n: 4,
    tone: "block",
  },
  {
    title: "Withheld",
    shows: "The generator's own filter keeps the picture back, as vendors' filters do.",
    prompt: "A lighthouse on a cliff safelight-test:image:withheld",
    tone: "unknown",
  },
  {
    title: "Check fails",
    shows: "A detector fails. Unknown is not safe, so the picture is not shown.",
    prompt: "A bowl of fruit safelight-test:image:error",
    tone: "unknown",
  },
  {
    title: "Slow, to cancel",
    shows: "The generator takes eight seconds: press Esc to cancel.",
    prompt: "A snail crossing a garden path safelight-test:generator:delay:8000",
    tone: "unknown",
  },
];
