import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/orders.css';
import './styles/prices.css';
import './styles/chat.css';
import './styles/notices.css';
import './app';
