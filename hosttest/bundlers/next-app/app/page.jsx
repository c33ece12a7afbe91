"use client";
import { useEffect } from "react";
import { ask } from "./ask.js";

// biome-ignore lint/style/noDefaultExport: it is what Next.js looks for
export default function Page() {
  useEffect(() => {
    globalThis.ask = ask;
    document.documentElement.dataset.ready = "";
  }, []);
  return <p>An application</p>;
}
