// The keys N and B. Streamlit makes one of two clicks that come while a page is drawn, so a
// button's own shortcut loses keys; here each press says how far it leads, and the last one counts.
const LOST = 10000; // ms after which a step that the server has not confirmed is given up
const walks = new Map();
let active = null;

document.addEventListener("keydown", (event) => {
  const at = event.composedPath()[0];
  const typing = at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
  const step = { n: 1, b: -1 }[event.key.toLowerCase()];
  if (!active || !step || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const { walk, last, set } = active;
  const to = walk.to + step;
  if (to < 0 || to > last) return;
  walk.to = to;
  walk.seq = Math.max(Date.now() * 1000, walk.seq + 1);
  set("step", { to, seq: walk.seq });
});

export default function ({ data, setStateValue }) {
  const walk = walks.get(data.walk) ?? { seq: 0 };
  walks.set(data.walk, walk);
  const lost = Date.now() - walk.seq / 1000 > LOST;
  if (walk.seq <= data.acknowledged || lost) walk.to = data.at;
  const mine = { walk, last: data.last, set: setStateValue };
  active = mine;
  // Not at once: a key may come between this drawing and the next.
  return () => setTimeout(() => active === mine && (active = null), 100);
}
