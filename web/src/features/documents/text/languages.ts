/** The syntax of a text document, loaded when it is needed. */
import { LanguageDescription, type LanguageSupport } from '@codemirror/language';
import { languages } from '@codemirror/language-data';

export async function languageOf(id: string | null): Promise<LanguageSupport | null> {
  if (!id) return null;
  const description = LanguageDescription.matchLanguageName(languages, id === 'csharp' ? 'c#' : id, false);
  return description ? description.load() : null;
}
