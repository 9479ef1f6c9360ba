// node pack.js WHOLE PACKED: write a bundle's text compressed into a module that unpacks itself. It
// stands for the bundle: the same `mount` and `default.render`, as promises.

import { readFileSync, writeFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";

const [, , whole, packed] = process.argv;
const data = deflateRawSync(readFileSync(whole), { level: 9 }).toString("base64");
writeFileSync(
  packed,
  `const packed="${data}";
let opened;
async function open(){
const bytes=Uint8Array.from(atob(packed),(letter)=>letter.charCodeAt(0));
const text=new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
const blob=new Blob([await new Response(text).text()],{type:"text/javascript"});
const address=URL.createObjectURL(blob);
return import(address).finally(()=>URL.revokeObjectURL(address));
}
const whole=()=>opened??=open();
export const mount=async(...given)=>(await whole()).mount(...given);
export default{render:async(given)=>(await whole()).default.render(given)};
`,
);
