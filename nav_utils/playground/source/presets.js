// The presets: sentences, each with the settings that show what it says.

import presets from "../presets.json";
import { clamped } from "./protocol.js";

export const PRESETS = presets;

/** The whole settings of a preset. */
export const settingsOf = (name) => clamped(PRESETS[name].settings);
