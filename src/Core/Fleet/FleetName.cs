namespace Atelier.Core.Fleet;

/// <summary>The rule for names of runs and workers: they appear in paths, addresses and metrics.</summary>
internal static class FleetName
{
    private const int MostCharacters = 64;

    /// <summary>The name, if it is one.</summary>
    /// <param name="what">What is named, for the error.</param>
    /// <param name="name">The name to check.</param>
    /// <exception cref="UserErrorException">The name is empty, long or has other characters.</exception>
    public static string Checked(string what, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        // Starting with a letter or digit excludes `.`, `..` and what looks like an option.
        if (name.Length is 0 or > MostCharacters || !char.IsAsciiLetterOrDigit(name[0]) || !name.All(IsAllowed))
            throw new UserErrorException(
                $"`{name}` is no name of a {what}: use 1 to {MostCharacters} of a-z, A-Z, 0-9, `.`, `_` and `-`, beginning with a letter or digit.");
        return name;
    }

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-';
}
