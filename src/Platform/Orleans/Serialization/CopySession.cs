using System.Runtime.CompilerServices;

namespace Orleans.Serialization;

/// <summary>
/// Copies the arguments or the result of one call, so that the two sides share nothing that can change. What is referenced twice
/// is copied once; cycles are allowed.
/// </summary>
internal sealed class CopySession
{
    private readonly Dictionary<object, object> _copies = new(ReferenceEqualityComparer.Instance);

    /// <summary>Copies a call's arguments.</summary>
    /// <exception cref="SerializerException">One of them cannot be sent.</exception>
    public static object?[] CopyAll(object?[]? values)
    {
        var session = new CopySession();
        return values is null ? [] : [.. values.Select(session.Copy)];
    }

    /// <summary>Copies a call's result.</summary>
    /// <exception cref="SerializerException">It cannot be sent.</exception>
    public static object? CopyOne(object? value) => new CopySession().Copy(value);

    /// <summary>Copies a value that is part of another.</summary>
    public object? Copy(object? value)
    {
        if (value is null)
            return null;
        // Types are told apart once; a text, a number or a reference never costs an entry in the table.
        var copier = Copiers.Of(value.GetType());
        if (copier.ReturnsTheSame)
            return value;
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (_copies.TryGetValue(value, out var known))
            return known;
        return copier.Copy(value, this);
    }

    /// <summary>Remembers a copy before its parts are copied, so that a part may lead back to it.</summary>
    public T Remember<T>(object original, T copy) where T : notnull
    {
        _copies[original] = copy;
        return copy;
    }
}
