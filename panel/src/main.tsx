import { render } from 'preact';

render(<h1>Roundhouse</h1>, document.getElementById('app')!);
