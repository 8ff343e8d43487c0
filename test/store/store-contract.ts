import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GenerationRecordSchema } from "../../src/contract/generation.ts";
import { picturesOf } from "../../src/store/forget.ts";
import type { Store } from "../../src/store/store.ts";
import { arbitraryOf } from "./arbitrary.ts";
import { outcome, PROMPT, picture, reason, record, recordOf, stored } from "./samples.ts";

/** One data folder, or database and bucket, that can be opened again and again, also while it is open. */
export interface Place {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

const LATER = new Date("2030-01-01T00:00:00Z");
/** Everything now written is old enough for the sweep at this time. */
const inAnHour = () => new Date(Date.now() + 3_600_000);

/** What every implementation of Store must do. */
export function storeContract(name: string, newPlace: () => Promise<Place>): void {
  let place: Place;
  let store: Store;
  beforeEach(async () => {
    place = await newPlace();
    store = await place.open();
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  describe(`${name}: records`, () => {
    test("an unknown id finds nothing, and does not throw", async () => {
      expect(await store.get("nobody")).toBeUndefined();
      expect(await store.reveals("nobody")).toEqual([]);
    });

    test("what is saved is there again, also for another who opens the store", async () => {
      const pictures = [picture(1), picture(2)];
      const saved = recordOf(pictures);
      await store.save(saved, pictures);
      expect(await store.get(saved.id)).toEqual(saved);
      const other = await place.open();
      expect(await other.get(saved.id)).toEqual(saved);
      expect(await other.picture(picture(1).digest)).toEqual(Buffer.from(picture(1).bytes));
      await other.close();
    });

    test("any record that the contract admits comes back exactly", async () => {
      const given = [picture(1, 10), picture(2, 20)];
      const kept = fc.constantFrom(...given.map(stored), null);
      const records = fc
        .tuple(arbitraryOf(GenerationRecordSchema), fc.uuid(), fc.infiniteStream(kept))
        .map(([it, id, next]) => {
          const images = it.images.map((image) => {
            const [released = null, original = null] = next.take(2);
            return { ...image, released, original };
          });
          return { ...it, id, images };
        });
      await fc.assert(
        fc.asyncProperty(records, async (it) => {
          const named = picturesOf(it).map(({ digest }) => digest);
          await store.save(
            it,
            given.filter(({ digest }) => named.includes(digest)),
          );
          expect(await store.get(it.id)).toEqual(it);
        }),
        { numRuns: 150 },
      );
    });

    test("a later save takes the place of an earlier one, with pictures that are there not given again", async () => {
      const first = record({ state: "running", finished_at: null, action: null });
      await store.save(first, []);
      const second = recordOf([picture(1)], { id: first.id });
      await store.save(second, [picture(1)]);
      const third = { ...second, action: "block" } as const;
      await store.save(third, []);
      expect(await store.get(first.id)).toEqual(third);
      expect((await store.list({ limit: 10 })).records).toEqual([third]);
    });

    test("a record that could not be read again is refused, and the earlier one stays", async () => {
      const good = record();
      await store.save(good, []);
      const bad = { ...good, timings: { ...good.timings, total_ms: Number.NaN } };
      await expect(store.save(bad, [])).rejects.toMatchObject({ code: "internal" });
      expect(await store.get(good.id)).toEqual(good);
    });

    test("many saves at once are all kept", async () => {
      const all = Array.from({ length: 150 }, (_, i) => recordOf([picture(i % 7)]));
      await Promise.all(all.map((it, i) => store.save(it, [picture(i % 7)])));
      for (const it of all) expect(await store.get(it.id)).toEqual(it);
    });

    test("one bad save among many at once fails alone", async () => {
      const good = Array.from({ length: 5 }, () => record());
      const results = await Promise.allSettled([
        ...good.map((it) => store.save(it, [])),
        store.recordReveal({ id: "nobody", index: 0, at: "2026-01-01T00:00:00Z", by: "me" }),
        store.save(recordOf([picture(9)]), []),
      ]);
      expect(results.map(({ status }) => status)).toEqual([...good.map(() => "fulfilled"), "rejected", "rejected"]);
      for (const it of good) expect(await store.get(it.id)).toEqual(it);
    });

    test("after close, every method says so; closing waits for the saves under way, and twice is no harm", async () => {
      const saved = recordOf([picture(1)]);
      const saving = store.save(saved, [picture(1)]);
      await Promise.all([store.close(), store.close()]);
      await saving;
      for (const call of [
        () => store.save(record(), []),
        () => store.get("x"),
        () => store.list({ limit: 1 }),
        () => store.picture("x"),
        () => store.check(),
        () => store.sweepOrphans(LATER),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: "storage_failed" });
      }
      store = await place.open();
      expect(await store.get(saved.id)).toEqual(saved);
    });

    test("a working store is ready", async () => {
      await store.check();
      await store.check();
    });
  });

  describe(`${name}: lists`, () => {
    test("pages go from the newest to the oldest, each record once, also where times are equal or differ in precision", async () => {
      const times = [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.500Z",
        "2026-01-01T00:00:00.5Z",
        "2025-12-31T23:59:59Z",
      ];
      const all = Array.from({ length: 23 }, (_, i) => record({ created_at: times[i % 4] ?? "" }));
      await Promise.all(all.toReversed().map((it) => store.save(it, [])));
      const expected = all.toSorted(
        (a, b) => Date.parse(b.created_at) - Date.parse(a.created_at) || (a.id < b.id ? 1 : -1),
      );
      const seen: string[] = [];
      for (let before: string | undefined; ; ) {
        const page = await store.list({ limit: 4, ...(before === undefined ? {} : { before }) });
        seen.push(...page.records.map(({ id }) => id));
        if (page.next === null) break;
        before = page.next;
        await store.save(record({ created_at: "2026-02-01T00:00:00Z" }), []); // newer ones do not shift the pages
      }
      expect(seen).toEqual(expected.map(({ id }) => id));
    });

    test("state and action narrow the list, together too", async () => {
      const held = record({ state: "held", action: "review" });
      const refused = record({ state: "refused", action: "block" });
      const blocked = record({ state: "complete", action: "block" });
      for (const it of [held, refused, blocked]) await store.save(it, []);
      const ids = async (query: object) => (await store.list({ limit: 10, ...query })).records.map(({ id }) => id);
      expect(await ids({ state: "held" })).toEqual([held.id]);
      expect((await ids({ action: "block" })).toSorted()).toEqual([refused.id, blocked.id]);
      expect(await ids({ action: "block", state: "complete" })).toEqual([blocked.id]);
      expect(await ids({ action: "allow" })).toEqual([]);
    });

    test.each(["", "x", "W10", Buffer.from('[1,"a').toString("base64url")])(
      "a made-up cursor %j is an error",
      async (before) => {
        await expect(store.list({ limit: 1, before })).rejects.toMatchObject({
          code: "invalid_request",
          errors: [{ pointer: "#/before", detail: expect.any(String) }],
        });
      },
    );

    test.each([0, -1, 1.5, Number.NaN, 1_001])("a limit of %d is an error", async (limit) => {
      await expect(store.list({ limit })).rejects.toMatchObject({ code: "invalid_request" });
    });
  });

  describe(`${name}: pictures`, () => {
    test.each(["", "sha256:", "../../etc/passwd", `sha256:${"a".repeat(64)}`, `sha256:${"A".repeat(64)}`])(
      "%j finds nothing",
      async (digest) => {
        expect(await store.picture(digest)).toBeUndefined();
      },
    );

    test("a digest that is not that of the bytes is refused, and nothing is kept", async () => {
      const liar = { ...picture(1), bytes: picture(2).bytes };
      const it = recordOf([liar]);
      await expect(store.save(it, [liar])).rejects.toMatchObject({ code: "internal" });
      expect(await store.get(it.id)).toBeUndefined();
      expect(await store.picture(liar.digest)).toBeUndefined();
    });

    test("a record whose picture was never given is refused, and so is a picture that its record does not name", async () => {
      const it = recordOf([picture(1), picture(2)]);
      await expect(store.save(it, [picture(1)])).rejects.toMatchObject({ code: "internal" });
      await expect(store.save(record(), [picture(3)])).rejects.toMatchObject({ code: "internal" });
      expect(await store.get(it.id)).toBeUndefined();
      expect(await store.picture(picture(1).digest)).toBeUndefined();
      expect(await store.picture(picture(3).digest)).toBeUndefined();
    });

    test("an empty picture is a picture", async () => {
      const none = picture(0, 0);
      await store.save(recordOf([none]), [none]);
      expect(await store.picture(none.digest)).toHaveLength(0);
    });

    test("the sweep removes pictures that no record names any more, and no others", async () => {
      const it = recordOf([picture(1), picture(2)]);
      await store.save(it, [picture(1), picture(2)]);
      await store.save({ ...it, images: [outcome(0, stored(picture(2)))] }, []);
      expect(await store.sweepOrphans(new Date())).toBe(0); // too young: it might belong to a save under way
      expect(await store.sweepOrphans(inAnHour())).toBe(1);
      expect(await store.picture(picture(1).digest)).toBeUndefined();
      expect(await store.picture(picture(2).digest)).toBeDefined();
    });

    test("saves go on safely while a sweep takes everything that it may", async () => {
      const other = await place.open();
      let saving = true;
      let cut = 0;
      const sweeping = (async () => {
        // Takes what was written before the round that is under way: nothing that is being written just now is that old.
        while (saving) await other.sweepOrphans(new Date(cut + 10 * 60_000));
      })();
      try {
        for (let round = 0; round < 40; round++) {
          cut = Date.now() - 20; // file times come from a clock that ticks only every few milliseconds
          const [shared, own] = [picture(round % 3), picture(1_000 + round)];
          const [first, second] = [recordOf([shared]), recordOf([shared, own])];
          await Promise.all([store.save(first, [shared]), store.save(second, [shared, own])]);
          for (const { digest } of [shared, own]) expect(await store.picture(digest)).toBeDefined();
          await Promise.all([first, second].map((it) => store.save({ ...it, images: [] }, []))); // orphans again
        }
      } finally {
        saving = false;
        await sweeping;
        await other.close();
      }
    });
  });

  describe(`${name}: reveals`, () => {
    test("are kept in order", async () => {
      const it = record();
      await store.save(it, []);
      const all = [0, 1, 0].map((index, i) => ({
        id: it.id,
        index,
        at: `2026-01-01T00:00:0${9 - i}Z`,
        by: `key ${i}`,
      }));
      for (const reveal of all) await store.recordReveal(reveal);
      expect(await store.reveals(it.id)).toEqual(all);
      await store.save({ ...it, action: "block" }, []);
      expect(await store.reveals(it.id)).toEqual(all);
    });

    test("of an unknown generation are an error", async () => {
      const reveal = { id: "nobody", index: 0, at: "2026-01-01T00:00:00Z", by: "me" };
      await expect(store.recordReveal(reveal)).rejects.toMatchObject({ code: "not_found" });
    });
  });

  describe(`${name}: records left running`, () => {
    const running = () => record({ state: "running", finished_at: null, action: null });
    const now = new Date("2026-05-05T05:05:05.005Z");

    test("by a store that was closed become failed, interrupted; others stay", async () => {
      const left = Array.from({ length: 45 }, running);
      const ended = record();
      for (const it of [...left, ended]) await store.save(it, []);
      await store.close();
      store = await place.open();
      expect(await store.recoverInterrupted(now)).toBe(45);
      const error = { code: "interrupted", detail: expect.any(String) };
      for (const it of left) {
        expect(await store.get(it.id)).toEqual({ ...it, state: "failed", finished_at: now.toISOString(), error });
      }
      expect(await store.get(ended.id)).toEqual(ended);
      expect(await store.recoverInterrupted(now)).toBe(0);
    });

    test("by this store, or by another that is open, are left alone", async () => {
      const other = await place.open();
      const [mine, theirs] = [running(), running()];
      await store.save(mine, []);
      await other.save(theirs, []);
      expect(await store.recoverInterrupted(now)).toBe(0);
      expect(await other.recoverInterrupted(now)).toBe(0);
      await other.close();
      expect(await store.recoverInterrupted(now)).toBe(1);
      expect(await store.get(mine.id)).toEqual(mine);
      expect(await store.get(theirs.id)).toMatchObject({ state: "failed" });
    });
  });

  describe(`${name}: forgetting`, () => {
    const expired = { expires_at: "2029-12-31T23:59:59.999Z" };

    test("takes text, quotes and pictures, and leaves digests, scores and decisions", async () => {
      const kept = [picture(1), picture(2)] as const;
      const it = record({
        ...expired,
        images: [
          {
            ...outcome(0, stored(kept[0]), stored(kept[1])),
            reasons: [reason({ stage: "image", evidence: { term: "scrawl" } })],
          },
        ],
      });
      await store.save(it, kept);
      await store.recordReveal({ id: it.id, index: 0, at: "2026-01-01T00:00:00Z", by: "me" });
      expect(await store.forgetExpired(LATER)).toBe(1);

      const after = await store.get(it.id);
      expect(JSON.stringify(after)).not.toMatch(/forbidden|f\.o\.r\.b|quiet field|ugly|scrawl/i);
      expect(JSON.stringify(after)).not.toContain(PROMPT);
      expect(after).toMatchObject({
        id: it.id,
        state: it.state,
        action: it.action,
        request: { prompt: null, negative_prompt: null, prompt_digest: it.request.prompt_digest },
        negative_prompt: null,
        images: [{ released: null, original: null, coverage: it.images[0]?.coverage }],
        expires_at: it.expires_at,
      });
      expect(after?.prompt?.reasons[0]).toEqual({
        ...reason(),
        label: "words",
        evidence: { span: [2, 19], list: "words", disguises: ["separators"] },
        message: 'The prompt says "…", that is “…”: violence.',
      });
      expect(after?.warnings[0]?.message).toBe("Mind '…' things.");
      for (const { digest } of kept) expect(await store.picture(digest)).toBeUndefined();
      expect(await store.reveals(it.id)).toHaveLength(1);
      expect(await store.forgetExpired(LATER)).toBe(0);
    });

    test("happens at the instant of expiry, not before, and never where there is none", async () => {
      const due = record({ expires_at: LATER.toISOString() });
      const later = record({ expires_at: "2030-01-01T00:00:00.001Z" });
      const never = record();
      for (const it of [due, later, never]) await store.save(it, []);
      expect(await store.forgetExpired(LATER)).toBe(1);
      expect((await store.get(due.id))?.request.prompt).toBeNull();
      expect(await store.get(later.id)).toEqual(later);
      expect(await store.get(never.id)).toEqual(never);
    });

    test("spares a picture that a record not yet expired names too, until that one has expired as well", async () => {
      const shared = picture(1);
      const first = recordOf([shared], expired);
      const second = recordOf([shared], { expires_at: "2031-01-01T00:00:00Z" });
      for (const it of [first, second]) await store.save(it, [shared]);
      await store.forgetExpired(LATER);
      expect(await store.get(second.id)).toEqual(second);
      expect(await store.picture(shared.digest)).toEqual(Buffer.from(shared.bytes));
      await store.forgetExpired(new Date("2031-01-01T00:00:00Z"));
      expect(await store.picture(shared.digest)).toBeUndefined();
    });

    test("goes through any number, and a record saved again is forgotten again", async () => {
      const all = Array.from({ length: 61 }, (_, i) => recordOf([picture(i)], expired));
      await Promise.all(all.map((it, i) => store.save(it, [picture(i)])));
      expect(await store.forgetExpired(LATER)).toBe(61);
      for (const [i, it] of all.entries()) {
        expect((await store.get(it.id))?.request.prompt).toBeNull();
        expect(await store.picture(picture(i).digest)).toBeUndefined();
      }
      await store.save(record({ ...expired, id: all[0]?.id ?? "" }), []);
      expect(await store.forgetExpired(LATER)).toBe(1);
    });
  });
}
