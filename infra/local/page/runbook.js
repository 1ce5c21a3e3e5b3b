import { rendered } from "./markdown.js";
import { chooseTheme } from "./theme.js";

// The runbook as it lies in docs/, so that an alarm's link leads somewhere on this machine too.
chooseTheme();
const answer = await fetch("/_page/runbook.md");
document.getElementById("text").append(rendered(await answer.text()));
document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
