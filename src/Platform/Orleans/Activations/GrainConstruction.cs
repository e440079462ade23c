using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Runtime;

/// <summary>Makes a grain's instance: its constructor's parameters are persistent states and services.</summary>
internal static class GrainConstruction
{
    /// <summary>Makes an instance.</summary>
    /// <returns>It, and its states, not read yet.</returns>
    public static (IGrainBase Instance, IReadOnlyList<StateRecord> States) Make(Type type, Activation activation)
    {
        var states = StateParameters(type)
            .Select(parameter => StateRecord.For(parameter, parameter.GetCustomAttribute<PersistentStateAttribute>()!, activation))
            .ToArray();
        var instance = (IGrainBase)ActivatorUtilities.CreateInstance(activation.ActivationServices, type, [.. states]);
        return (instance, states);
    }

    private static IEnumerable<ParameterInfo> StateParameters(Type type)
    {
        var constructors = type.GetConstructors();
        return constructors.Length == 1
            ? constructors[0].GetParameters().Where(parameter => parameter.IsDefined(typeof(PersistentStateAttribute)))
            : throw new OrleansConfigurationException($"{type} must have one public constructor; it has {constructors.Length}.");
    }
}
