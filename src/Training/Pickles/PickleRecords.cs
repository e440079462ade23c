using System.Text;

namespace Atelier.Training.Pickles;

/// <summary>
/// What a pickle may name and what the names stand for. A pickle is a program of calls; here each call that is known makes a
/// record without behaviour, and everything else is refused by its name.
/// </summary>
internal abstract class PickleRules
{
    /// <summary>Who would have a use for what is accepted, for messages: <c>image sets</c>.</summary>
    public abstract string Who { get; }

    /// <summary>Whether an opcode is accepted, of those that are interpreted at all.</summary>
    public virtual bool Accepts(PickleOpcode opcode) => true;

    /// <summary>Whether a name (<c>module.name</c>) is accepted; accepting it gives it no meaning.</summary>
    public abstract bool Accepts(string name);

    /// <summary>The record that a call or a new object stands for; null where it is not known in this form.</summary>
    public abstract object? Call(PickledName name, object?[] arguments);

    /// <summary>What an id means that points outside the pickle; null where it is not known.</summary>
    public virtual object? Persistent(object? id) => null;
}

/// <summary>A record that takes a state after it was made.</summary>
internal interface IPickleState
{
    /// <exception cref="InvalidDataException">The state is none that this record has.</exception>
    void SetState(object? state);
}

/// <summary>The name of something in Python, of which nothing but the name is used.</summary>
/// <param name="Text"><c>module.name</c>.</param>
internal sealed record PickledName(string Text);

/// <summary>A set of anything.</summary>
internal sealed class PickledSet
{
    public List<object?> Items { get; } = [];
}

/// <summary>A dictionary; of two equal keys the later value counts.</summary>
internal sealed class PickledDictionary : IPickleState
{
    private readonly Dictionary<string, object?> _named = new(StringComparer.Ordinal);

    /// <summary>Keys that are text, in the order in which they came.</summary>
    public List<string> Keys { get; } = [];

    /// <summary>Pairs whose key is no text.</summary>
    public int OtherKeys { get; private set; }

    public bool TryGetValue(string key, out object? value) => _named.TryGetValue(key, out value);

    /// <summary>The value of a key, null where there is none.</summary>
    public object? this[string key] => _named.GetValueOrDefault(key);

    public void Add(object? key, object? value)
    {
        if (PickledText.Of(key) is not { } name)
        {
            OtherKeys++;
            return;
        }
        if (!_named.ContainsKey(name))
            Keys.Add(name);
        _named[name] = value;
    }

    // Attributes beside the items, as state dicts have (_metadata): nothing here reads them.
    public void SetState(object? state)
    {
        if (state is not (null or PickledDictionary))
            throw new InvalidDataException("one of its dictionaries has an unexpected state");
    }
}

/// <summary>Text of a pickle: Python 2 wrote it as bytes.</summary>
internal static class PickledText
{
    /// <summary>The text, null where the value is none.</summary>
    public static string? Of(object? value) => value switch
    {
        string text => text,
        ReadOnlyMemory<byte> bytes => Encoding.Latin1.GetString(bytes.Span),
        _ => null,
    };
}
