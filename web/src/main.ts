import './app/preload';
import './app/tokens.css';
import './app/base.css';

import { mount } from 'svelte';

import App from './app/App.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
mount(App, { target });
// Nobody undoes before they see something.
void import('./lib/undo').then(({ keepUndoInItsPlace }) => keepUndoInItsPlace(window));
