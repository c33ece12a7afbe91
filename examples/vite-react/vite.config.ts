import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server that holds the key: the application in ../express, for one.
const api = { "/api": process.env.API_URL ?? "http://localhost:3000" };

export default defineConfig({ plugins: [react()], server: { proxy: api }, preview: { proxy: api } });
