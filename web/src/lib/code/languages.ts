/** The syntax of a text document, loaded when it is needed. */
import { LanguageDescription, type LanguageSupport } from '@codemirror/language';
import { languages } from '@codemirror/language-data';

/** By what was chosen, else by the name: `main.py` is Python. */
export async function languageOf(id: string | null, title: string): Promise<LanguageSupport | null> {
  const description = id ? LanguageDescription.matchLanguageName(languages, id === 'csharp' ? 'c#' : id, false) : LanguageDescription.matchFilename(languages, title);
  return description ? description.load() : null;
}
