using System.Text.Json;

namespace Atelier.Core.Specs;

/// <summary>
/// Values for some keys of a spec, as a file: a JSON object of spec keys with an optional `description`, an optional
/// `recipe` to start from, and `computed` where the rest comes from <see cref="AutoRecipe"/>.
/// </summary>
public sealed record Recipe
{
    private const string DescriptionKey = "description";
    private const string BaseKey = "recipe";
    private const string ComputedKey = "computed";

    /// <summary>Its name; a path for a file of the user's.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for, in a line.</summary>
    public string Description { get; init; } = "";

    /// <summary>Name of the recipe whose values it starts from; null for the defaults.</summary>
    public string? Base { get; init; }

    /// <summary>Whether keys that it leaves open are computed from the data and the number of devices.</summary>
    public bool IsComputed { get; init; }

    /// <summary>Its values, in the order in which they stand.</summary>
    public required IReadOnlyList<SpecAssignment> Values { get; init; }

    /// <summary>Reads a recipe.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="json">The file's text.</param>
    /// <exception cref="UserErrorException">It is no JSON, a key is unknown, or a value not accepted.</exception>
    public static Recipe Parse(string name, string json)
    {
        using var document = RunSpecJson.Parse(json, name);
        string description = "", computed = "false";
        string? start = null;
        var values = new List<SpecAssignment>();
        foreach (var (key, text) in RunSpecJson.Properties(document.RootElement, name))
        {
            switch (key)
            {
                case DescriptionKey: description = text; break;
                case BaseKey: start = text.Length > 0 ? text : null; break;
                case ComputedKey: computed = text; break;
                default:
                    var found = RunSpecJson.Explain(name, () => SpecKeys.Find(key));
                    // A run's own spec is a recipe too; what it says about its dataset is left to the new dataset.
                    if (found.SetBy.Length == 0) values.Add(RunSpecJson.Explain(name, () => new SpecAssignment(found, text)));
                    break;
            }
        }

        return new() { Name = name, Description = description, Base = start, IsComputed = computed == "true", Values = values };
    }
}
