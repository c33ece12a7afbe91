// biome-ignore lint/style/noDefaultExport: it is what Next.js looks for
export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
