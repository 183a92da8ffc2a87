import {
  createDefaultCoreModule,
  createDefaultSharedCoreModule,
  EmptyFileSystem,
  inject,
  type LangiumCoreServices,
  type LangiumSharedCoreServices,
} from "langium";
import { K8snetGeneratedModule, K8snetGeneratedSharedModule } from "./generated/module.ts";
import { createLinearParser } from "./linear-parser.ts";

/** The language workbench's services for `.k8snet`: parser, lexer, and what editor features are built on. */
export interface LanguageServices {
  readonly shared: LangiumSharedCoreServices;
  readonly k8snet: LangiumCoreServices;
}

const linearParsing = { parser: { LangiumParser: createLinearParser } };

let services: LanguageServices | undefined;

/** Made at the first use and kept: building the parser costs some tens of milliseconds. */
export function languageServices(): LanguageServices {
  services ??= createLanguageServices();
  return services;
}

function createLanguageServices(): LanguageServices {
  const shared = inject(createDefaultSharedCoreModule(EmptyFileSystem), K8snetGeneratedSharedModule);
  const k8snet = inject(createDefaultCoreModule({ shared }), K8snetGeneratedModule, linearParsing);
  shared.ServiceRegistry.register(k8snet);
  return { shared, k8snet };
}
