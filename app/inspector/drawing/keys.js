// The table of keys, which opens and closes on "?" wherever nobody is typing.
const KEYS = [
  ["N, B", "next sample or page, and the one before"],
  ["A", "from a sample back to all"],
  ["Tab, Shift Tab", "through links, filters, words and the ground truth"],
  ["Enter, Space", "open what has the focus"],
  ["1 to 4, U", "on Judge: a verdict; undo"],
  ["M, then O, A, R", "on Judge: choose words with the arrows; which kind of error was missed"],
  ["?", "this table"],
];

export default function ({ parentElement }) {
  if (parentElement.querySelector("details")) return;
  const box = document.createElement("details");
  const head = document.createElement("summary");
  head.textContent = "Keys (?)";
  const table = document.createElement("table");
  for (const [key, what] of KEYS) {
    const row = table.insertRow();
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = key;
    row.append(name);
    row.insertCell().textContent = what;
  }
  box.append(head, table);
  parentElement.append(box);
  const press = (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "?" || typing) return;
    box.open = !box.open;
    head.focus();
  };
  window.addEventListener("keydown", press);
  return () => window.removeEventListener("keydown", press);
}
