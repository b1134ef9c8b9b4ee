// Azurite's blob service, until whoever started it is gone: what it reads from ends then, however that came about.
"use strict";

process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
require("azurite/dist/src/blob/main.js");
