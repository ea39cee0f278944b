// Fetches the browser's own parts for charts and tables while somebody still types: the first chart waits for 5 MB.
export default function ({ data }) {
  const wait = window.requestIdleCallback ?? ((work) => setTimeout(work, 1000));
  wait(() => fetchEarly(data?.names ?? []), { timeout: 3000 });
}

function fetchEarly(names) {
  const entry = document.querySelector('script[type="module"][src*="static/js/"]');
  if (!entry) return;
  for (const name of names) {
    const address = new URL(name, entry.src).href;
    if (document.head.querySelector(`link[href="${CSS.escape(address)}"]`)) continue;
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = address;
    document.head.append(link);
  }
}
