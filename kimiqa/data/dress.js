// A screen reader pronounces the page in the language that it is written in.
export default function ({ data }) {
  document.documentElement.lang = data.language;
}
