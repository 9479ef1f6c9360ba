// The playground's way to its engine; engine.bundle.js is made by `npm run engine`.

import { connecting } from "./connecting.js";
import { engine } from "./engine.bundle.js";

export const connect = connecting(engine);
