(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const settings = { responsive: true, displaylogo: false, modeBarButtons: [["toImage"]] };
  const draw = (look) => charts.forEach((chart, number) => {
    const { data, layout } = JSON.parse(JSON.stringify(chart[look]));
    Plotly.react(`chart-${number}`, data, layout, settings);
  });
  const now = () => draw(dark.matches ? "dark" : "light");
  dark.addEventListener("change", now);
  addEventListener("beforeprint", () => draw("light"));
  addEventListener("afterprint", now);
  now();
})();
