import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readScene } from "./read.ts";

const read = (prompt: string, negative = "") => readScene(prompt, negative, 1);
const icons = (prompt: string, negative = "") => read(prompt, negative).subjects.map(({ sprite }) => sprite.icon);

describe("what sketch understands of a prompt", () => {
  test.each([
    ["a cat", "cat"],
    ["Two PUPPIES", "dog"],
    ["a polar bear", "polar-bear"],
    ["teddy bears", "teddy-bear"],
    ["hot air balloons", "hot-air-balloon"],
    ["wolves", "wolf"],
    ["cherries", "cherries"],
    ["cars", "automobile"],
    ["a fire truck", "fire-engine"],
    ["the Eiffel Tower", "tokyo-tower"],
    ["an orange", "tangerine"],
    ["a baby", "baby"],
    ["ｃａｔ", "cat"],
  ])("%s is drawn as %s", (prompt, icon) => {
    expect(icons(prompt)).toEqual([icon]);
  });

  test("numbers count, in words and in digits, and a plural is several", () => {
    expect(read("three cats").subjects[0]?.count).toBe(3);
    expect(read("7 cats").subjects[0]?.count).toBe(7);
    expect(read("a pair of swans").subjects[0]?.count).toBe(2);
    expect(read("a cat").subjects[0]?.count).toBe(1);
    expect(read("cats").subjects[0]?.count).toBeGreaterThan(1);
    expect(read("99 cats").subjects[0]?.count).toBeLessThanOrEqual(12);
  });

  test("a colour belongs to the noun after it, and not to the next", () => {
    const [cat, dog] = read("a blue cat and a dog").subjects;
    expect(cat?.colour).toBe("#1c7ed6");
    expect(dog?.colour).toBeUndefined();
    expect(read("an orange cat").subjects[0]?.colour).toBe("#f76707");
    expect(read("a cat under a purple sky").settingColour).toBe("#7048e8");
  });

  test("setting, time, weather, season and style are told apart from things", () => {
    const scene = read("a fox in a snowy forest at night, watercolor, with a full moon");
    expect(scene).toMatchObject({ setting: "forest", time: "night", season: "winter", style: "watercolor" });
    expect([...scene.weather]).toEqual(["snow"]);
    expect([...scene.sky]).toEqual(["moon"]);
  });

  test("what is at home somewhere brings its setting, unless another is named", () => {
    expect(read("an octopus").setting).toBe("underwater");
    expect(read("an octopus on a beach").setting).toBe("beach");
    expect(read("a camel").setting).toBe("desert");
  });

  test("the nearest of several settings is the stage, and the others close the view", () => {
    expect(read("a lake in the mountains")).toMatchObject({ setting: "lake", behind: ["mountains"] });
  });

  test("who rides or wears something is one figure with it", () => {
    const [rider] = read("an astronaut riding a white horse on the moon").subjects;
    expect(rider?.sprite.icon).toBe("astronaut");
    expect(rider?.rides?.sprite.icon).toBe("horse");
    expect(rider?.rides?.colour).toBe("#f4f4f2");
    const [cat] = read("a cat wearing sunglasses and a top hat").subjects;
    expect(cat?.wears.map(({ icon }) => icon)).toEqual(["sunglasses", "top-hat"]);
  });

  test("what people do, hold, or what flies, is one figure too", () => {
    expect(icons("people dancing")).toEqual(["woman-dancing"]);
    expect(read("a girl with a red balloon").subjects[0]?.holds?.icon).toBe("balloon");
    expect(read("a dragon flying over a castle").subjects[0]?.sprite.place).toBe("fly");
  });

  test("being in front of the moon is not being on it", () => {
    expect(read("a cat on a broom in front of a full moon").setting).not.toBe("moon");
    expect(read("a cat sitting on the moon").setting).toBe("moon");
  });

  test("words that name several things bring each of them", () => {
    expect(icons("a bowl of fruit")).toContain("banana");
  });

  test("without any known word the picture is abstract", () => {
    expect(read("xyzzy flumph").setting).toBe("abstract");
    expect(read("").setting).toBe("abstract");
    expect(read("!!! ???").setting).toBe("abstract");
  });
});

describe("a negative prompt", () => {
  test("takes away things by name and by kind", () => {
    expect(icons("a cat and a dog", "dog")).toEqual(["cat"]);
    expect(icons("a man, a woman and a horse", "people")).toEqual(["horse"]);
    expect(icons("an astronaut riding a horse", "person")).toEqual([]);
    expect(icons("a lion and an eagle", "animals")).toEqual([]);
    expect(read("an astronaut riding a horse", "horses").subjects[0]?.rides).toBeUndefined();
  });

  test("takes away colours, weather, times, settings and styles", () => {
    expect(read("a red car", "red").subjects[0]?.colour).toBeUndefined();
    expect(read("a cat in the rain", "rain").weather.size).toBe(0);
    expect(read("a cat at night", "night").time).not.toBe("night");
    expect(read("a cat on a beach", "beach").setting).not.toBe("beach");
    expect(read("a cat, watercolor", "watercolor").style).toBeUndefined();
    expect(read("a cat, cloudy sky", "clouds").weather.has("cloudy")).toBe(false);
  });

  test("a denial in the prompt does the same", () => {
    expect(icons("a cat without a dog")).toEqual(["cat"]);
    expect(read("a beach with no people").without.tags.has("people")).toBe(true);
  });

  test("the usual quality words in it change nothing", () => {
    const usual = "nsfw, nude, gore, lowres, bad anatomy, watermark, text, blurry";
    expect(read("a cat on a beach", usual).subjects).toEqual(read("a cat on a beach").subjects);
  });
});

test("any text is read without failing, and asks for a bounded number of things", () => {
  const words = fc.constantFrom(
    "cats",
    "no",
    "12",
    "red",
    "riding",
    "wearing",
    "top hat",
    "in",
    "__proto__",
    "constructor",
    ",",
  );
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 120 }),
    fc.array(fc.oneof(words, fc.string({ unit: "grapheme" })), { maxLength: 60 }).map((parts) => parts.join(" ")),
  );
  fc.assert(
    fc.property(texts, texts, fc.nat(), (prompt, negative, seed) => {
      const scene = readScene(prompt, negative, seed);
      expect(scene.subjects.length).toBeLessThanOrEqual(6);
      for (const { count } of scene.subjects) expect(count).toBeLessThanOrEqual(12);
    }),
  );
});
