// Rules for the scripts of the components: `npx eslint@9 dashboard/components`. Graft itself needs no node, so neither
// `make check` nor an installation of Graft runs this.
const BROWSER = [
  "AbortController", "AbortSignal", "Image", "Option", "ResizeObserver", "URL", "URLSearchParams", "XMLHttpRequest",
  "clearTimeout", "console", "crypto", "document", "fetch", "getComputedStyle", "matchMedia", "performance",
  "requestAnimationFrame", "setTimeout", "window",
];

export default [
  {
    files: ["dashboard/components/**/*.js"],
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: "module",
      globals: Object.fromEntries(BROWSER.map((name) => [name, "readonly"])),
    },
    rules: {
      complexity: ["error", 20],
      "consistent-return": "off",
      curly: ["error", "multi-line"],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "max-len": ["error", { code: 120 }],
      "max-lines": ["error", 400],
      "max-params": ["error", 6],
      "no-cond-assign": "error",
      "no-const-assign": "error",
      "no-dupe-keys": "error",
      "no-empty": "error",
      "no-fallthrough": "error",
      "no-implicit-globals": "error",
      "no-redeclare": "error",
      "no-self-assign": "error",
      "no-shadow": "error",
      "no-undef": "error",
      "no-unreachable": "error",
      "no-unsafe-optional-chaining": "error",
      "no-unused-expressions": "error",
      "no-unused-vars": "error",
      "no-use-before-define": ["error", { functions: false, variables: false }],
      "no-var": "error",
      "prefer-const": "error",
      "valid-typeof": "error",
    },
  },
];
