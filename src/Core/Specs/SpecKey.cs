using System.Text.Json;

namespace Atelier.Core.Specs;

/// <summary>One key of a spec: everything that parsing, files, listings and resuming need to know about it.</summary>
public sealed class SpecKey
{
    private readonly Func<RunSpec, string> _format;
    private readonly Func<RunSpec, string, RunSpec?> _tryWith;
    private readonly Action<Utf8JsonWriter, RunSpec> _writeJson;

    private SpecKey(
        string name, string accepts, string description, string unit, ChangeClass change, string setBy,
        Func<RunSpec, string> format, Func<RunSpec, string, RunSpec?> tryWith, Action<Utf8JsonWriter, RunSpec> writeJson)
    {
        (Name, Accepts, Description, Unit, Change, SetBy) = (name, accepts, description, unit, change, setBy);
        (_format, _tryWith, _writeJson) = (format, tryWith, writeJson);
    }

    /// <summary>The key, in kebab-case.</summary>
    public string Name { get; }

    /// <summary>What values are accepted.</summary>
    public string Accepts { get; }

    /// <summary>What it decides, in a line.</summary>
    public string Description { get; }

    /// <summary>Unit of the value; empty for none.</summary>
    public string Unit { get; }

    /// <summary>What a change does to an existing run.</summary>
    public ChangeClass Change { get; }

    /// <summary>What decides it where people cannot; empty for a key that can be set.</summary>
    public string SetBy { get; }

    /// <summary>The value when nothing sets it.</summary>
    public string Default => Format(new RunSpec());

    /// <summary>The text form of its value in a spec.</summary>
    /// <param name="spec">The spec.</param>
    public string Format(RunSpec spec) => _format(spec);

    /// <summary>The spec with another value of this key.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="text">The value's text form.</param>
    /// <exception cref="UserErrorException">The value is not accepted; the message says what is.</exception>
    public RunSpec With(RunSpec spec, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _tryWith(spec, text.Trim())
            ?? throw new UserErrorException($"`{Name}` cannot be `{text}`; it takes {Accepts}{(Unit.Length > 0 ? $" ({Unit})" : "")}.");
    }

    /// <summary>Writes its value in a spec to JSON, without the name.</summary>
    /// <param name="writer">The writer, after the property's name.</param>
    /// <param name="spec">The spec.</param>
    public void WriteJson(Utf8JsonWriter writer, RunSpec spec) => _writeJson(writer, spec);

    /// <inheritdoc/>
    public override string ToString() => Name;

    internal static SpecKey Of<T>(
        string name, SpecType<T> type, Func<RunSpec, T> get, Func<RunSpec, T, RunSpec> with,
        ChangeClass change, string description, string unit = "", string setBy = "") =>
        new(name, type.Accepts, description, unit, change, setBy,
            spec => type.Format(get(spec)),
            (spec, text) => type.TryParse(text, out var value) ? with(spec, value) : null,
            (writer, spec) => type.WriteJson(writer, get(spec)));
}
