/** How much memory this process has at most while it is watched: resident set size in bytes, looked at 5 times a second. */
export function watchMemory(): { peak(): number; stop(): void } {
  let most = 0;
  const look = () => {
    most = Math.max(most, process.memoryUsage.rss());
  };
  look();
  const timer = setInterval(look, 200);
  timer.unref();
  return {
    peak() {
      look();
      return most;
    },
    stop: () => clearInterval(timer),
  };
}
