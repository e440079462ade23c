namespace Atelier.Core.Specs;

/// <summary>A value given to a key, in its text form, checked.</summary>
public sealed record SpecAssignment
{
    /// <summary>Gives a key a value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="text">The value's text form.</param>
    /// <exception cref="UserErrorException">The value is not accepted.</exception>
    public SpecAssignment(SpecKey key, string text)
    {
        ArgumentNullException.ThrowIfNull(key);
        key.With(new RunSpec(), text);
        (Key, Text) = (key, text);
    }

    /// <summary>The key.</summary>
    public SpecKey Key { get; }

    /// <summary>The value's text form.</summary>
    public string Text { get; }

    /// <summary>Reads `key=value`, as `--set` takes it.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="UserErrorException">It has no `=`, the key is unknown, or the value is not accepted.</exception>
    public static SpecAssignment Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0) throw new UserErrorException($"`{text}` is not of the form key=value.");
        return For(text[..equals].Trim(), text[(equals + 1)..]);
    }

    /// <summary>Gives the key of a name a value.</summary>
    /// <param name="name">The key's name.</param>
    /// <param name="text">The value's text form.</param>
    /// <exception cref="UserErrorException">The key is unknown or cannot be set, or the value is not accepted.</exception>
    public static SpecAssignment For(string name, string text)
    {
        var key = SpecKeys.Find(name);
        return key.SetBy.Length > 0
            ? throw new UserErrorException($"`{key.Name}` is decided by {key.SetBy} and cannot be set as a key.")
            : new(key, text);
    }

    /// <summary>The spec with this value.</summary>
    /// <param name="spec">The spec.</param>
    public RunSpec ApplyTo(RunSpec spec) => Key.With(spec, Text);

    /// <inheritdoc/>
    public override string ToString() => $"{Key.Name}={Text}";
}
