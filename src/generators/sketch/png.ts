import { crc32 } from "node:zlib";

const SIGNATURE_AND_HEADER = 8 + 25;
const SOFTWARE = "Safelight sketch";
const DESCRIPTION =
  "A stand-in drawn by sketch, the built-in generator of Safelight for development. No image model made this picture.";
/** @see http://cv.iptc.org/newscodes/digitalsourcetype/: made by an algorithm that was not trained on pictures. */
const XMP = `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia" xmp:CreatorTool="${SOFTWARE}"/>
</rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;

const CHUNKS = Buffer.concat([
  chunk("tEXt", `Software\0${SOFTWARE}`),
  chunk("tEXt", `Description\0${DESCRIPTION}`),
  chunk("iTXt", `XML:com.adobe.xmp\0\0\0\0\0${XMP}`),
]);

/** The PNG with a note of where it comes from. Never of what was asked for. */
export function withProvenance(png: Uint8Array): Uint8Array {
  return Buffer.concat([png.subarray(0, SIGNATURE_AND_HEADER), CHUNKS, png.subarray(SIGNATURE_AND_HEADER)]);
}

function chunk(type: string, text: string): Buffer {
  const body = Buffer.from(type + text, "utf8");
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(body.length - 4, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
