namespace Atelier.Core.Specs;

/// <summary>The recipes that come with the product: the files of `recipes/`.</summary>
public static class Recipes
{
    /// <summary>The recipe that `train` takes when none is named.</summary>
    public const string Default = "auto";

    private const string ResourcePrefix = "recipes/";
    private const string ResourceSuffix = ".json";

    /// <summary>The published trainers' name for config F.</summary>
    private const string ConfigFAlias = "stylegan2";

    /// <summary>Names of all recipes, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. typeof(Recipes).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Select(name => name[ResourcePrefix.Length..^ResourceSuffix.Length])
            .Order(StringComparer.Ordinal)];

    /// <summary>The recipe of a name.</summary>
    /// <param name="name">One of <see cref="Names"/>, or `stylegan2` for config-f.</param>
    /// <exception cref="UserErrorException">There is none; the message lists them, with the nearest one.</exception>
    public static Recipe Named(string name)
    {
        var canonical = name == ConfigFAlias ? "config-f" : name;
        if (!Names.Contains(canonical))
            throw new UserErrorException(
                $"There is no recipe `{name}`.{NearestName.Hint(name, Names)} Recipes: {string.Join(", ", Names)}; or the path of a JSON file.");
        using var stream = typeof(Recipes).Assembly.GetManifestResourceStream(ResourcePrefix + canonical + ResourceSuffix)!;
        using var reader = new StreamReader(stream);
        return Recipe.Parse(canonical, reader.ReadToEnd());
    }
}
