// Validates objects by Kubernetes' OpenAPI schema, as the package kubernetes-models has it.
//   node validate.mjs FOLDER < [objects as JSON]
// where FOLDER/node_modules has the package. Prints a line a fault: INDEX PATH: MESSAGE.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const models = join(process.argv[2], "node_modules", "kubernetes-models");
const objects = JSON.parse(readFileSync(0, "utf8"));
for (const [index, object] of objects.entries()) {
  const file = join(models, object.apiVersion, `${object.kind}.js`);
  try {
    const model = (await import(pathToFileURL(file)))[object.kind];
    new model(object).validate();
  } catch (error) {
    console.log(`${index} ${object.kind}: ${error.message.replaceAll("\n", "; ")}`);
  }
}
