using Atelier.Core.Access;

namespace Atelier.Core.Fleet;

/// <summary>
/// What runs, workers and their certificates may be called: a name becomes a folder, a key of a store and a label, so it is
/// the strictest of these.
/// </summary>
public static class FleetName
{
    /// <summary>Most characters, as a label of DNS and Kubernetes.</summary>
    public const int MaxLength = 63;

    /// <summary>Whether a name is allowed: lower-case letters, digits, `.`, `_` and `-`, a letter or digit at both ends, no `..`.</summary>
    /// <param name="name">The name.</param>
    public static bool IsValid(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= MaxLength
            && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-')
            && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1])
            && !name.Contains("..", StringComparison.Ordinal);
    }

    /// <summary>The name, if it is allowed.</summary>
    /// <param name="what">What is named, for the error.</param>
    /// <param name="name">The name.</param>
    /// <exception cref="UserErrorException">It is not allowed.</exception>
    internal static string Checked(string what, string name) => IsValid(name)
        ? name
        : throw new UserErrorException(
            $"`{Shown.Of(name)}` is no name for a {what}; it takes up to {MaxLength} lower-case letters, digits, `.`, `_` and `-`, with a letter or digit at both ends and no `..`");
}
