"use strict";

const $ = (id) => document.getElementById(id);
const every = 2000;
let shown = "";

function say(text) { $("state").textContent = text; }

async function ask(method, path, body) {
  const answer = await fetch("_control/" + path, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  const value = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Error(value && value.error || "the network answered " + answer.status);
  return value;
}

function money(amount, currency) { return amount.toLocaleString() + " " + currency; }

// filled copies a template and writes texts into it, never markup.
function filled(template, texts) {
  const node = $(template).content.firstElementChild.cloneNode(true);
  for (const [selector, text] of Object.entries(texts)) node.querySelector(selector).textContent = text;
  return node;
}

function promptOf(t) {
  const node = filled("prompt", {
    ".amount": money(t.amount, t.currency),
    ".text": t.text || t.reference,
    ".until": t.operator + ", until " + new Date(t.expiresAt).toLocaleTimeString(),
  });
  for (const button of node.querySelectorAll("button")) {
    button.setAttribute("aria-label", button.textContent + ": " + money(t.amount, t.currency) + " of " + t.number);
    button.dataset.key = t.operator + " " + t.reference + " " + button.dataset.answer;
    button.addEventListener("click", () => answer(t, button.dataset.answer));
  }
  return node;
}

function phoneOf(sim, prompts) {
  const node = filled("phone", {
    "h2": sim.number,
    ".owner": [sim.operator, sim.country, sim.name, sim.blocked ? "blocked" : ""].filter(Boolean).join(" · "),
    ".balance": money(sim.balance, sim.currency),
  });
  node.querySelector(".prompts").append(...prompts.map(promptOf));
  node.querySelector(".idle").hidden = prompts.length > 0;
  node.classList.toggle("asked", prompts.length > 0);
  return node;
}

async function answer(t, said) {
  try {
    const after = await ask("POST", "prompts/" + encodeURIComponent(t.operator) + "/" + encodeURIComponent(t.reference), { answer: said });
    say(t.number + ": " + after.outcome);
  } catch (failure) {
    say(failure.message);
  }
  await refresh();
}

async function refresh() {
  const query = "?limit=1000&number=" + encodeURIComponent($("number").value.trim()) + "&operator=" + encodeURIComponent($("operator").value.trim());
  let sims, prompts;
  try {
    [sims, prompts] = await Promise.all([ask("GET", "sims" + query), ask("GET", "prompts" + query)]);
  } catch (failure) {
    say(failure.message);
    return;
  }
  const now = JSON.stringify([sims, prompts]);
  if (now === shown) return; // so that nobody loses the place
  shown = now;
  const held = document.activeElement && document.activeElement.dataset.key;
  const of = (sim) => prompts.filter((t) => t.operator === sim.operator && t.number === sim.number);
  $("phones").replaceChildren(...sims.map((sim) => phoneOf(sim, of(sim))));
  const strays = prompts.filter((t) => !sims.some((sim) => t.operator === sim.operator && t.number === sim.number));
  $("strays").replaceChildren(...strays.map(promptOf));
  $("others").hidden = strays.length === 0;
  const again = held && [...document.querySelectorAll("button[data-key]")].find((b) => b.dataset.key === held);
  if (again) again.focus();
}

$("find").addEventListener("submit", (event) => event.preventDefault());
$("find").addEventListener("input", refresh);
$("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const sim = Object.fromEntries(form);
  sim.balance = Number(sim.balance);
  sim.blocked = form.has("blocked");
  try {
    await ask("PUT", "sims", sim);
    say(sim.number + " is saved");
  } catch (failure) {
    say(failure.message);
  }
  await refresh();
});

(async function follow() {
  await refresh();
  setTimeout(follow, every);
})();
