/** Whether somebody looks at this page: read marks and presence depend on it. */

class Attention {
  visible = $state(document.visibilityState === 'visible');
  focused = $state(document.hasFocus());

  constructor() {
    const look = (): void => {
      this.visible = document.visibilityState === 'visible';
      this.focused = this.visible && document.hasFocus();
    };
    document.addEventListener('visibilitychange', look);
    addEventListener('focus', look);
    addEventListener('blur', look);
  }
}

export const attention = new Attention();
