/** Where the page of the state view finds its parts, as the webview names them. */
export interface StatePageParts {
  readonly script: string;
  readonly style: string;
  /** The webview's own origin, for the content security policy. */
  readonly cspSource: string;
  /** Fresh for every page: only the script that carries it runs. */
  readonly nonce: string;
}

/** The page of the state view. Nothing is loaded but its own style sheet, icon font and script; nothing is inline. */
export function statePage({ script, style, cspSource, nonce }: StatePageParts): string {
  const policy = `default-src 'none'; style-src ${cspSource}; font-src ${cspSource}; script-src 'nonce-${nonce}';`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="${policy}">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <link rel="stylesheet" href="${style}">
  <title>Network State</title>
</head>
<body>
  <main id="session" hidden>
    <div id="position" role="status"></div>
    <div id="tree" role="tree" tabindex="0" aria-label="Network state"></div>
  </main>
  <main id="empty">
    <p>While a <code>.k8snet</code> file is being debugged, its nodes, namespaces and interfaces are shown here, with
      their addresses, ARP tables, forwarding tables, routes and sockets.</p>
    <p>Open a <code>.k8snet</code> file and press <kbd>F5</kbd>, or begin with a sample of two pods on one node.</p>
    <button id="debug" type="button">Debug the Open File</button>
    <button id="open-sample" type="button" class="secondary">Open a Sample Network</button>
  </main>
  <script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
