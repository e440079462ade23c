using Atelier.Core.Specs;
using Atelier.TestKit;

namespace Atelier.Architecture.Tests;

/// <summary>The recipe files.</summary>
public sealed class RecipeTests
{
    private const int Images = 10000;

    public static TheoryData<string> Files => [.. Repository.FilesIn("recipes", ".json")];

    [Theory]
    [MemberData(nameof(Files))]
    public void File_OnADataset_MakesAWholeSpec(string path)
    {
        var recipe = Recipe.Parse(Path.GetFileNameWithoutExtension(path), Repository.Read(path));
        Assert.NotEmpty(recipe.Description);
        var stated = recipe.Values.LastOrDefault(value => value.Key.Name == "resolution");
        var size = stated is null ? new Resolution(256, 256) : stated.ApplyTo(new RunSpec()).Resolution;
        var resolved = SpecResolver.Resolve(recipe, [], new DatasetFacts(size.Width, size.Height, 0, Images, "digest"), gpus: 1);
        Assert.Empty(SpecValidation.Problems(resolved.Spec));
        Assert.Equal(recipe.Name, resolved.Spec.Recipe);
    }
}
