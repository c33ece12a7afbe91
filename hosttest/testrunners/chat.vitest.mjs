// vitest loads the ESM build.
import * as steadfetch from "steadfetch";
import * as element from "steadfetch/element";
import * as testing from "steadfetch/testing";
import { expect, test } from "vitest";
import cases from "./chat.cases.cjs";

cases({ test, expect, steadfetch, testing, element });
