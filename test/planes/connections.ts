/** Every request of these tests goes on a connection of its own, so that those of one client reach all data planes. */
import { Agent, setGlobalDispatcher } from "undici";

setGlobalDispatcher(new Agent({ pipelining: 0 }));
