// What the frame cannot do from the server: remember a wanted address over a sign-in, and bring the current page's link
// into view, since the links scroll sideways on a phone. The page is Streamlit's: what is not found is left alone.
const WANTED = "nl2sql-wanted";

export default function ({ data }) {
  if (data?.address === "remember") {
    sessionStorage.setItem(WANTED, location.pathname + location.search);
  } else if (data?.address === "return") {
    goBack();
  }
  if (data?.link === undefined) return;
  // A page that is loaded has its links in place some tenths of a second later.
  const waiting = [0, 400, 1500].map((wait) => setTimeout(() => show(data.link), wait));
  return () => waiting.forEach(clearTimeout);
}

function goBack() {
  const wanted = sessionStorage.getItem(WANTED);
  sessionStorage.removeItem(WANTED);
  if (!wanted || wanted === location.pathname + location.search) return;
  const there = new URL(wanted, location.origin);
  if (there.origin === location.origin) location.replace(there);  // only to an address of this very server
}

function show(place) {
  document.querySelectorAll(".st-key-pages a").forEach((link, index) => {
    if (index !== place) {
      link.removeAttribute("aria-current");
      return;
    }
    link.setAttribute("aria-current", "page");
    const row = link.closest(".st-key-pages");
    const [inner, outer] = [link, row].map((each) => each.getBoundingClientRect());
    row.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
  });
}
