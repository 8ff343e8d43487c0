import { Notice } from "./Notice.tsx";

/** The generator's own words on being no real model, and what to do about it. */
export function StandIn({ notice }: { readonly notice: string }) {
  return (
    <Notice tone="unknown" title="A stand-in draws the pictures">
      {notice}
    </Notice>
  );
}
