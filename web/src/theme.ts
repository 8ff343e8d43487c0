import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

/** The lamp: an amber red, light enough at 5 to carry dark text. */
const safelight: MantineColorsTuple = [
  "#fff1eb",
  "#ffe0d3",
  "#ffc0a6",
  "#ff9d76",
  "#ff8051",
  "#ff6b3d",
  "#e8552a",
  "#bf3f19",
  "#9b3315",
  "#7c2a13",
];

/** The room: greys with a little of the lamp's warmth. */
const dark: MantineColorsTuple = [
  "#ece7e3",
  "#cdc5bf",
  "#a59c95",
  "#7d746d",
  "#4a423d",
  "#38322e",
  "#26211f",
  "#171413",
  "#110f0e",
  "#0a0908",
];

const gray: MantineColorsTuple = [
  "#faf8f7",
  "#f3f0ee",
  "#e9e4e1",
  "#ddd6d2",
  "#c9c0bb",
  "#a79d97",
  "#7d736d",
  "#5c534e",
  "#3b3430",
  "#221d1b",
];

export const theme = createTheme({
  primaryColor: "safelight",
  primaryShade: 5,
  autoContrast: true,
  luminanceThreshold: 0.28,
  colors: { safelight, dark, gray },
  black: "#221d1b",
  defaultRadius: "md",
  fontFamily:
    '-apple-system, "Segoe UI Variable Text", "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: "650" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Tooltip: {
      defaultProps: { openDelay: 250, multiline: true, maw: 320, events: { hover: true, focus: true, touch: true } },
    },
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#f6f4f2",
    "--mantine-color-dimmed": "#6a605a",
    "--mantine-color-default-border": "#ddd6d2",
    "--mantine-color-placeholder": "#857b75",
    "--mantine-color-anchor": "#b23a15",
    "--mantine-color-error": "#c01f2e",
  },
  dark: {
    "--mantine-color-dimmed": "#a59c95",
    "--mantine-color-default": "#1e1a18",
    "--mantine-color-default-hover": "#26211f",
    "--mantine-color-placeholder": "#857b74",
    "--mantine-color-error": "#ff8a86",
  },
});
