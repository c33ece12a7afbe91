import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server that has the key, for example the application in ../express.
const api = { "/api": process.env.API_URL ?? "http://localhost:3000" };

export default defineConfig({ plugins: [react()], server: { proxy: api }, preview: { proxy: api } });
