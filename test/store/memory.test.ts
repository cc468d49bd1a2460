/** The reference drivers keep the promises of their contracts. */
import { describe } from "vitest";
import { MemoryCallLog } from "../../src/store/memory/call-log.ts";
import { openMemoryRegistry } from "../../src/store/memory/registry.ts";
import { callLogContract } from "./call-log.contract.ts";
import { registryContract } from "./registry.contract.ts";

describe("memory call log", () => callLogContract(async () => new MemoryCallLog()));

describe("memory registry", () => registryContract(async () => openMemoryRegistry()));
