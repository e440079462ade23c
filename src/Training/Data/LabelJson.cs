using System.Globalization;
using System.Text.Json.Nodes;

namespace Atelier.Training.Data;

/// <summary>Writes labels in the form of the published datasets, as <see cref="LabelTable"/> reads them.</summary>
internal static class LabelJson
{
    /// <summary>The label of a class.</summary>
    public static JsonNode Class(int number) => JsonValue.Create(number);

    /// <summary>The text of a <c>dataset.json</c>.</summary>
    /// <param name="names">The images.</param>
    /// <param name="labels">A label each; null where the dataset has none.</param>
    public static string Write(IEnumerable<string> names, IEnumerable<JsonNode>? labels)
    {
        // Pair by pair: a document of millions of nodes would cost a multiple of its text.
        var text = new System.Text.StringBuilder("{\"labels\": ");
        if (labels is null)
            return text.Append("null}").ToString();
        var separator = "[";
        foreach (var (name, label) in names.Zip(labels))
        {
            text.Append(CultureInfo.InvariantCulture, $"{separator}[{JsonValue.Create(name).ToJsonString()}, {label.ToJsonString()}]");
            separator = ", ";
        }

        return text.Append(separator == "[" ? "[]}" : "]}").ToString();
    }
}
