import { expect, test } from "vitest";
import type { Recording } from "../../src/lab/recording/recording.ts";
import { recordingPage } from "../../src/vscode/recording-page.ts";

const recording: Recording = {
  format: "k8snetrun",
  version: 1,
  title: "<script>alert(1)</script>",
  program: { path: "a&b.k8snet", text: "" },
  imports: [],
  scenario: "first ping",
  seed: 4,
  edits: [],
  position: 32,
  state: "",
};

test("the page of a recording says what it is, links to its run, and runs nothing", () => {
  const page = recordingPage(recording, "command:k8snet.openRecording?%5B%22x%22%5D");
  expect(page).toContain("default-src 'none'");
  expect(page).not.toContain("<script");
  expect(page).toContain("<dd>a&#38;b.k8snet</dd>");
  expect(page).toContain("<dt>Stands before event</dt><dd>32</dd>");
  expect(page).toContain('href="command:k8snet.openRecording?%5B%22x%22%5D"');
});

test("the page of a file that is none says why", () => {
  expect(recordingPage({ problem: "The recording is empty." }, "")).toContain("<p>The recording is empty.</p>");
});
