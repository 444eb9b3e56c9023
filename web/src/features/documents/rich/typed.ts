/**
 * Words that come without a key (an emoji picker, dictation, a text expander) where a whole node is
 * selected take its place, as those of a key do. A browser would put them nowhere.
 */
import { Extension } from '@tiptap/core';
import { NodeSelection, Plugin } from '@tiptap/pm/state';

export const Typed = Extension.create({
  name: 'typed',
  addProseMirrorPlugins: () => [
    new Plugin({
      props: {
        handleDOMEvents: {
          beforeinput: (view, event) => {
            const { selection, tr } = view.state;
            if (event.inputType !== 'insertText' || !event.data || !view.editable || !(selection instanceof NodeSelection)) return false;
            event.preventDefault();
            view.dispatch(tr.insertText(event.data).scrollIntoView());
            return true;
          },
        },
      },
    }),
  ],
});
