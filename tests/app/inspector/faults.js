// What a screen reader cannot name, and text that is too faint: the first five, in words.
const out = [];
if (document.querySelectorAll('h1').length !== 1) out.push('not one h1');
for (const each of document.querySelectorAll('img'))
  if (!each.alt) out.push('a picture without a text');
const named = each => (each.getAttribute('aria-label') || each.getAttribute('aria-labelledby')
  || each.innerText || each.title || (each.labels && each.labels.length)
  || each.placeholder || '');
for (const each of document.querySelectorAll('button, a[href], input, select, textarea'))
  if (each.checkVisibility() && !named(each)) out.push('no name: ' + each.outerHTML.slice(0, 120));
const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = color => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = color;
  paint.fillRect(0, 0, 1, 1); return [...paint.getImageData(0, 0, 1, 1).data]; };
const light = rgb => rgb.slice(0, 3).map(c => c / 255)
  .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
  .reduce((sum, c, n) => sum + c * [.2126, .7152, .0722][n], 0);
const over = (top, below) => top.slice(0, 3)
  .map((c, n) => c * top[3] / 255 + below[n] * (1 - top[3] / 255));
const ground = each => { const above = [];
  for (let at = each; at; at = at.parentElement)
    above.unshift(rgba(getComputedStyle(at).backgroundColor));
  return above.reduce((below, top) => over(top, below), [255, 255, 255]); };
for (const each of document.querySelectorAll('[data-testid="stHtml"] *, [data-testid="stText"] *')) {
  const text = [...each.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!text || !each.checkVisibility({opacityProperty: true})) continue;
  const below = ground(each), top = over(rgba(getComputedStyle(each).color), below);
  const [dark, bright] = [light(top), light(below)].sort((a, b) => a - b);
  const ratio = (bright + .05) / (dark + .05);
  if (ratio < 4.5) out.push(ratio.toFixed(2) + ': ' + (each.getAttribute('class') || '') + ' ' + each.textContent.slice(0, 40));
}
return out.slice(0, 5);
