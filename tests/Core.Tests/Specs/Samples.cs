using Atelier.Core.Specs;

namespace Atelier.Core.Tests.Specs;

/// <summary>Values for tests that go through the whole table.</summary>
internal static class Samples
{
    /// <summary>An accepted value of a key that is not its default: the first of a few that fits.</summary>
    public static string Other(SpecKey key) =>
        new[] { "2.5", "7", "2", "0.5", "true", "128", "none", "orig", "fit", "skip", "random", "ada", "noise", "instance", "8:64", "abcdef", "some-name" }
            .First(text => IsAccepted(key, text) && key.Format(key.With(new RunSpec(), text)) != key.Default);

    /// <summary>A spec in which no key has its default.</summary>
    public static RunSpec AllChanged() =>
        SpecKeys.All.Aggregate(new RunSpec(), (spec, key) => key.With(spec, Other(key)));

    private static bool IsAccepted(SpecKey key, string text)
    {
        try
        {
            key.With(new RunSpec(), text);
            return true;
        }
        catch (UserErrorException)
        {
            return false;
        }
    }
}
