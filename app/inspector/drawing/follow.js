// Follows the hidden link of `go`: a click of the browser's makes one entry of its history, where
// Streamlit's own switch of pages makes two, and Back would stop between them.
export default function ({ data }) {
  let timer;
  const follow = () => {
    const link = document.querySelector(`.st-key-${data.link} a`);
    if (link) link.click();
    else timer = setTimeout(follow, 20); // it is not drawn yet
  };
  follow();
  return () => clearTimeout(timer);
}
