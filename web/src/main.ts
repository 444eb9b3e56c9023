import './app/preload';
import './app/tokens.css';
import './app/base.css';

import { mount } from 'svelte';

import App from './app/App.svelte';
import { keepUndoInItsPlace } from './lib/undo';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
keepUndoInItsPlace(window);
mount(App, { target });
