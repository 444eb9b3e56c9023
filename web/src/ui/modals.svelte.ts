/** How many modal dialogs are open: what must be reached in spite of them has to be one, too. */
class Modals {
  count = $state(0);
}

export const modals = new Modals();
