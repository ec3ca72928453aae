import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { TlsError } from "@sealane/wire";
import { type Curve, curveGroup } from "./curve_group.ts";
import { nobleCurves } from "./noble/groups.ts";

/** A curve whose key agreement fails, at once or later, whatever the share. */
function broken(curve: Curve<Uint8Array>, later: boolean): Curve<Uint8Array> {
  const error = new DOMException("no such algorithm", "NotSupportedError");
  const agree = () => {
    if (later) return Promise.reject(error);
    throw error;
  };
  return { ...curve, agree };
}

for (const curve of nobleCurves) {
  const name = curveGroup(curve).name;
  Deno.test(`${name}: a back end that fails over a good share is not taken for a bad share`, async () => {
    const good = (await curveGroup(curve).generate()).share;
    const bad = good.slice().fill(0, 1);
    if (bad.length % 2 === 0) bad[0] = 0; // a u coordinate of low order; a point that is off the curve
    const [now, later] = [false, true].map((when) => curveGroup(broken(curve, when)));
    assertEquals(now.respond(bad), null);
    assertEquals(await later.respond(bad), null);
    const error = assertThrows(() => now.respond(good), TlsError, "compute a secret");
    assertEquals(error.code, "local/internal");
    await assertRejects(async () => await later.respond(good), TlsError, "compute a secret");
  });
}
