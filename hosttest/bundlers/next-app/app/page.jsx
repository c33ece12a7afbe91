"use client";
import { useEffect } from "react";
import { ask } from "./ask.js";

// biome-ignore lint/style/noDefaultExport: Next.js requires it
export default function Page() {
  useEffect(() => {
    globalThis.ask = ask;
    document.documentElement.dataset.ready = "";
  }, []);
  return <p>An application</p>;
}
